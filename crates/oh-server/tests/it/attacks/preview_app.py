"""A program of an agent: answers with what it was asked, and echoes what a WebSocket sends."""

import base64
import hashlib
import http.server
import json
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.headers.get("Upgrade") == "websocket":
            return self.echo()
        if self.path == "/redirect":
            return self.answer(302, b"", {"Location": f"http://localhost:{self.server.server_port}/here"})
        if self.path == "/wicked":
            return self.answer(200, b"wicked", {
                "Set-Cookie": "theirs=1; Domain=localhost; Path=/",
                "Clear-Site-Data": '"*"',
                "Strict-Transport-Security": "max-age=1",
                "X-Frame-Options": "DENY",
                "Content-Security-Policy": "frame-ancestors 'none'",
                "Service-Worker-Allowed": "/",
                "Access-Control-Allow-Origin": "https://evil.example",
            })
        if self.path == "/odd":
            self.wfile.write(b"this is no HTTP\r\n\r\n")
            self.close_connection = True
            return None
        return self.report()

    def do_POST(self):
        self.report()

    def report(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = [[name.lower(), value] for name, value in self.headers.items()]
        report = {"path": self.path, "headers": headers, "body": len(body), "method": self.command}
        self.answer(200, json.dumps(report).encode(), {"Content-Type": "application/json"})

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def echo(self):
        magic = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(magic.encode()).digest()).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.close_connection = True
        while head := self.rfile.read(2):
            size = head[1] & 127
            if size == 126:
                size = int.from_bytes(self.rfile.read(2), "big")
            mask = self.rfile.read(4)
            data = bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(size)))
            if head[0] & 15 == 8:
                self.wfile.write(bytes([0x88, len(data)]) + data)
                return
            prefix = bytes([head[0], size]) if size < 126 else bytes([head[0], 126]) + size.to_bytes(2, "big")
            self.wfile.write(prefix + data)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass


Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
