"""A server of one file on this machine, with failures to order."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mirror(ThreadingHTTPServer):
    """Serves one file, with failures to order.

    Args:
        content: The file.
        cuts: Bytes after which the connection breaks, one per request.
        ranges: Whether parts of a file can be asked for.
    """

    def __init__(self, content, cuts=(), ranges=True):
        super().__init__(('127.0.0.1', 0), Handler)
        self.content, self.cuts, self.ranges = content, list(cuts), ranges
        self.requests = []
        self.url = f'http://127.0.0.1:{self.server_port}'
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):

    def do_GET(self):
        asked = self.headers.get('Range')
        self.server.requests.append((self.path, asked))
        body = self.server.content
        start = 0
        if body is None:
            return self.send_error(404)
        if asked and self.server.ranges:
            start = int(asked[len('bytes='):-1])
            if start >= len(body):
                return self.send_error(416)
        self.send_response(206 if start else 200)
        body = body[start:]
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else None
        self.wfile.write(body[:cut])

    def log_message(self, *args):
        pass
