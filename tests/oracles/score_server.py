"""A small server of scores on 127.0.0.1, in a thread: right, or wrong in the ways of real ones.

It speaks both protocols from their descriptions, with nothing of xaudit in it.
"""

import base64
import json
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

LENGTH = "Inference-Header-Content-Length"


@dataclass
class Behavior:
    """What it does.

    Attributes:
        score: (N, C, H, W) → (N, K).
        next: what it does with the next questions instead of answering: "503", "html", …
        version: that it states.
        binary: whether it takes binary tensors.
        delay: seconds before each answer.
    """

    score: object
    next: deque = field(default_factory=deque)
    version: str = "1"
    binary: bool = True
    delay: float = 0.0
    kind: str = "FP32"
    asked: list = field(default_factory=list)
    headers: list = field(default_factory=list)
    busy: list = field(default_factory=list)
    seconds: float = 0.0
    most_at_once: int = 0
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def serving(behavior):
    """The address of a server that behaves so."""
    handler = type("Handler", (_Handler,), {"behavior": behavior})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    behavior: Behavior
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        self.behavior.connections += 1
        super().setup()

    def log_message(self, *_):
        """Nothing is printed."""

    def do_GET(self):
        self.behavior.headers.append(dict(self.headers))
        if self.path == "/v2":
            names = ["binary_tensor_data"] if self.behavior.binary else []
            self.say({"name": "small", "version": "2.1", "extensions": names})
        else:
            self.say({
                "name": "fracture", "versions": [self.behavior.version], "platform": "numpy",
                "inputs": [{"name": "film", "datatype": "FP32", "shape": [-1, 1, 16, 16]}],
                "outputs": [
                    {"name": "logits", "datatype": self.behavior.kind, "shape": [-1, 2]},
                ],
            })  # fmt: skip

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.behavior.headers.append(dict(self.headers))
        with self.behavior.lock:
            self.behavior.busy.append(1)
            self.behavior.most_at_once = max(self.behavior.most_at_once, len(self.behavior.busy))
            wrong = self.behavior.next.popleft() if self.behavior.next else ""
        try:
            time.sleep(self.behavior.delay)
            if not wrong or not self.misbehave(wrong):
                self.answer(body, wrong)
        finally:
            with self.behavior.lock:
                self.behavior.busy.pop()

    def misbehave(self, wrong):
        if wrong.isdigit():
            self.say({"error": f"sorry {self.headers.get('Authorization')}"}, int(wrong))
        elif wrong.startswith("busy "):
            self.say({}, 503, {"Retry-After": wrong.removeprefix("busy ")})
        elif wrong == "hangs up":
            self.close_connection = True
        elif wrong == "html":
            self.say(None, raw=b"<html>Please log in</html>")
        elif wrong == "slow":
            time.sleep(1.5)
            self.close_connection = True
        elif wrong == "redirects":
            self.say({}, 307, {"Location": "http://other.example/secret"})
        elif wrong == "endless":
            self.endless()
        else:
            return False
        return True

    def endless(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"10000\r\n" + b"1," * 0x8000 + b"\r\n")
        except OSError:
            self.close_connection = True

    def answer(self, body, wrong):
        length = self.headers.get(LENGTH)
        head = json.loads(body[: int(length)] if length else body)
        kserve = "inputs" in head
        one = head["inputs"][0] if kserve else head
        self.behavior.asked.append(one["shape"][0])
        raw = body[int(length) :] if length else one.get("data", one.get("images"))
        if isinstance(raw, str):
            raw = base64.b64decode(raw)
        flat = np.frombuffer(raw, "<f4") if isinstance(raw, bytes) else np.array(raw, "f4")
        began = time.perf_counter()
        scores = np.asarray(self.behavior.score(flat.reshape(one["shape"])))
        with self.behavior.lock:
            self.behavior.seconds += time.perf_counter() - began
        if wrong == "fewer":
            scores = scores[:-1]
        if wrong == "nan":
            scores = scores.copy()
            scores[-1, 0] = np.nan
        if kserve:
            self.tensors(head, scores)
        else:
            self.say({"scores": scores.tolist(), "version": self.behavior.version})

    def tensors(self, head, scores):
        wanted = head["outputs"][0]
        out = {"name": wanted["name"], "shape": list(scores.shape), "datatype": self.behavior.kind}
        said = {"model_name": "fracture", "model_version": self.behavior.version, "outputs": [out]}
        raw = b""
        if wanted.get("parameters", {}).get("binary_data"):
            raw = scores.astype({"FP32": "<f4", "FP64": "<f8"}[self.behavior.kind]).tobytes()
            out["parameters"] = {"binary_data_size": len(raw)}
        else:
            out["data"] = scores.ravel().tolist()
        head = json.dumps(said).encode()
        more = {LENGTH: str(len(head))} if raw else {}
        self.say(None, headers=more, raw=head + raw)

    def say(self, content, status=200, headers=None, raw=None):
        body = json.dumps(content).encode() if raw is None else raw
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
