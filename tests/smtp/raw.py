"""An SMTP client that sends any bytes."""

from __future__ import annotations

import base64
import socket
import ssl
from typing import Any, Self

PATIENCE = 20
"""How long a reply is waited for, in seconds: then the test fails."""
MESSAGE = b"From: a@example.com\r\nSubject: hello\r\n\r\ntext\r\n"


class RawClient:
    """A connection. `ask` sends a command, and returns the reply as a text with its lines."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.file = self.socket.makefile("rb")
        self.greeting = self.reply()

    def reply(self) -> str:
        """Return the next reply; an empty text at the end of the connection."""
        lines = []
        while line := self.file.readline():
            assert line.endswith(b"\r\n")
            lines.append(line.decode().removesuffix("\r\n"))
            if line[3:4] == b" ":
                break
        return "\n".join(lines)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, command: str) -> str:
        self.send(command.encode() + b"\r\n")
        return self.reply()

    def hello(self) -> Self:
        assert self.ask("EHLO client.example.com").startswith("250")
        return self

    def login(self, user: str, password: str) -> str:
        return self.ask("AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode())

    def enter(self, access: dict[str, Any]) -> Self:
        """Log in with the access that the control API shows."""
        self.hello()
        reply = self.login(access["smtp"]["user"], access["smtp"]["password"])
        assert reply.startswith("235"), reply
        return self

    def envelope(self, *recipients: str) -> None:
        assert self.ask("MAIL FROM:<a@example.com>").startswith("250")
        for each in recipients or ("b@example.com",):
            assert self.ask(f"RCPT TO:<{each}>").startswith("250")

    def message(self, content: bytes = MESSAGE) -> str:
        """Send a message that is written as it is on the wire, without its end."""
        self.envelope()
        assert self.ask("DATA").startswith("354")
        self.send(content + b".\r\n")
        return self.reply()

    def start_tls(self, context: ssl.SSLContext) -> None:
        assert self.ask("STARTTLS").startswith("220")
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.file = self.socket.makefile("rb")

    def is_closed(self) -> bool:
        """Return whether the server closes the connection."""
        try:
            return not self.file.readline()
        except ConnectionError:
            return True

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
