"""Time that scoring over HTTP spends outside of the server.

    python benchmarks/remote.py [FILMS] [NETWORK]

A server in a process of its own scores phantom films with a network and sums the seconds of its
answers, from the question that is read to the scores that are there. What the audit waits beyond
that is what HTTP costs: writing questions, sending them, reading answers. NETWORK is `reference`
(the detector that ships with xaudit; the smallest that anybody would serve) or a name of
torchvision with random weights, whose speed is that of trained ones. Both sides have one thread.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import ClassVar

import numpy as np
import torch

from xaudit.core.detector import InputSpec
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.models.architectures import build_network
from xaudit.models.heads.output import OutputSpec
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec
from xaudit.phantom.study import phantom_study

REFERENCE = "xaudit.models.reference:small_cnn"
LENGTH = "Inference-Header-Content-Length"
REPEATS = 5
WAYS = {
    "json, base64": {},
    "json, lists": {"encoding": "lists"},
    "kserve_v2, binary": {"protocol": "kserve_v2", "model": "m"},
}


def network_of(name):
    if name == "reference":
        return build_network(REFERENCE, {}).eval()
    return build_network(f"torchvision:{name}", {"num_classes": 1}).eval()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    network: torch.nn.Module
    seconds: ClassVar = {"answering": 0.0, "scoring": 0.0}

    def log_message(self, *_):
        pass

    def do_GET(self):
        tensor = [{"name": "t", "datatype": "FP32", "shape": [-1]}]
        self.say(json.dumps({
            "name": "m", "extensions": ["binary_tensor_data"], "inputs": tensor, "outputs": tensor,
            **self.seconds,
        }).encode())  # fmt: skip

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        began = time.perf_counter()
        length = self.headers.get(LENGTH)
        asked = json.loads(body[: int(length)] if length else body)
        if length:
            shape, images = asked["inputs"][0]["shape"], body[int(length) :]
        else:
            shape, images = asked["shape"], asked["images"]
        raw = base64.b64decode(images) if isinstance(images, str) else images
        flat = np.array(raw, "f4") if isinstance(raw, list) else np.frombuffer(raw, "<f4")
        start = time.perf_counter()
        with torch.inference_mode():
            scores = self.network(torch.from_numpy(flat.reshape(shape).copy())).numpy()
        self.seconds["scoring"] += time.perf_counter() - start
        if length:
            out = {"name": "t", "shape": scores.shape, "datatype": "FP32",
                   "parameters": {"binary_data_size": scores.nbytes}}  # fmt: skip
            head = json.dumps({"model_name": "m", "outputs": [out]}).encode()
            answer, more = head + scores.tobytes(), {LENGTH: len(head)}
        else:
            answer, more = json.dumps({"scores": scores.tolist()}).encode(), {}
        self.seconds["answering"] += time.perf_counter() - began
        self.say(answer, more)

    def say(self, answer, more=()):
        self.send_response(200)
        for name, value in {"Content-Length": len(answer), **dict(more)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(answer)


def serve(name):
    torch.set_num_threads(1)
    Handler.network = network_of(name)
    server: HTTPServer = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


@contextmanager
def served(name):
    words = [sys.executable, __file__, "--serve", name]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


def films(count, spec):
    """So many films of a drawn study, (N, 1, H, W) in [0, 1]."""
    drawn = phantom_study(7, count, 0.5).cases[:count]
    shown = [torch.from_numpy(np.asarray(one.image, dtype=np.float32)) for one in drawn]
    size = (spec.height, spec.width)
    fitted = [
        torch.nn.functional.interpolate(one[None, None], size, mode="area")[0] for one in shown
    ]
    return torch.stack(fitted).numpy()


def main(count, name):
    torch.set_num_threads(1)
    gray = name == "reference"
    spec = InputSpec(224, 160, channels=1) if gray else InputSpec(224, 224, channels=3)
    images = films(count, spec)
    print(f"{name}, {len(images)} films: share of the time of scoring outside of the server")
    with served(name) as url:
        for way, options in WAYS.items():
            arguments = {"url": url, "batch": 32} | options
            detector = load_detector(DetectorSpec(
                name, "", "format:http", None, spec, OutputSpec(),
                arguments=arguments, allow_code=[f"service:{url}"], format="http",
            ))  # fmt: skip
            evaluator = Evaluator(detector)
            shares = sorted(outside(evaluator, images, url) for _ in range(REPEATS))
            middle = shares[len(shares) // 2]
            spread = f"{shares[0][0]:.1%} to {shares[-1][0]:.1%}; scoring {middle[2]:.2f} s"
            print(f"{way:<26} {middle[0]:6.1%} of {middle[1]:.2f} s ({spread})")
            detector.elsewhere.close()


def outside(evaluator, images, url):
    """Share of the time outside of the server, all seconds, and those of the network."""
    import httpx  # noqa: PLC0415  (not for the server)

    before = httpx.get(f"{url}/v2").json()
    began = time.perf_counter()
    evaluator.scores(images)
    whole = time.perf_counter() - began
    after = httpx.get(f"{url}/v2").json()
    own = {key: after[key] - before[key] for key in ("answering", "scoring")}
    return 1 - own["answering"] / whole, whole, own["scoring"]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200,
             sys.argv[2] if len(sys.argv) > 2 else "reference")  # fmt: skip
