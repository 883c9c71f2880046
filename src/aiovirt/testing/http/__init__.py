"""A small HTTP/1.1 server for fakes of web services, on every event loop; no server for others."""

from __future__ import annotations

from aiovirt.testing.http.messages import CONTINUE, Continue, Request, RequestReader, Response
from aiovirt.testing.http.server import HttpServer

__all__ = ["CONTINUE", "Continue", "HttpServer", "Request", "RequestReader", "Response"]
