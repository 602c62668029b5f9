"""A small archive that speaks enough DICOMweb: QIDO of instances, WADO of metadata and objects."""

import io
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PIXELS = "7FE00010"
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


def content(ds):
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _found(objects, place, query):
    """Objects of a path (studies/S/series/R/instances/I) that a query names."""
    names = dict(zip(("studies", "series", "instances"), _UIDS, strict=True))
    wanted = {names[one]: uid for one, uid in zip(place[::2], place[1::2], strict=False)}
    wanted |= {key: values[0] for key, values in query.items() if key[0].isupper()}
    return [ds for ds in objects if all(str(ds.get(key, "")) == one for key, one in wanted.items())]


def handler_of(objects, seen, answer=None):
    """Handles requests for these objects; ``answer`` may take one over."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            parts = urlsplit(self.path)
            place, query = parts.path.strip("/").split("/")[1:], parse_qs(parts.query)
            seen.append((self.path, dict(self.headers)))
            if answer is not None and answer(self):
                return
            metadata = place[-1] == "metadata"
            listed = place[-1] == "instances"
            found = _found(objects, place[:-1] if metadata or listed else place, query)
            if listed or metadata:
                told = [{key: value for key, value in ds.to_json_dict().items() if key != PIXELS}
                        for ds in found]  # fmt: skip
                self.send("application/dicom+json", json.dumps(told).encode())
            else:
                body = b"".join(b"--X\r\nContent-Type: application/dicom\r\n\r\n" + content(ds)
                                + b"\r\n" for ds in found)  # fmt: skip
                kind = 'multipart/related; type="application/dicom"; boundary=X'
                self.send(kind, body + b"--X--")

        def send(self, kind, body, status=200, **headers):
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": len(body)}.items():
                self.send_header(name, value)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler


@contextmanager
def archive(objects, answer=None):
    """The address of an archive with these objects, and what it was asked."""
    seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(objects, seen, answer))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/dicom", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
