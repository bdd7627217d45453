"""The Kubernetes API over `http.client`: JSON in, JSON out, errors with the server's own reason."""

import http.client
import json
import ssl
from urllib.parse import urlencode, urlsplit

SECONDS = 30
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


class ApiError(Exception):
    """An answer that is no success: `status` is HTTP's, `reason` is one word, such as Forbidden."""

    def __init__(self, status, reason, message):
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason = status, reason


class Api:
    """A server, asked by one user.

    Each request has a connection of its own, so that a server that was killed and started again
    needs no care here.
    """

    def __init__(self, access):
        self.access = access
        parts = urlsplit(access.server)
        self.host, self.port, self.prefix = parts.hostname, parts.port, parts.path.rstrip("/")
        self.context = None
        if parts.scheme == "https":
            authority = str(access.authority) if access.authority else None
            self.context = ssl.create_default_context(cafile=authority)
            if access.certificate:
                self.context.load_cert_chain(access.certificate, access.key)

    def connection(self):
        """A new connection, not yet open."""
        if self.context:
            return http.client.HTTPSConnection(
                self.host, self.port, timeout=SECONDS, context=self.context
            )
        return http.client.HTTPConnection(self.host, self.port, timeout=SECONDS)

    def raw(self, method, path, body=None, kind="application/json", **query):
        """Status and body of an answer, whatever they are. OSError where there is no server."""
        headers = {"Accept": "application/json"}
        if self.access.token:
            headers["Authorization"] = f"Bearer {self.access.token}"
        data = None
        if body is not None:
            headers["Content-Type"] = kind
            data = json.dumps(body).encode("utf-8")
        target = self.prefix + path + (f"?{urlencode(query)}" if query else "")
        connection = self.connection()
        try:
            connection.request(method, target, body=data, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def request(self, method, path, body=None, kind="application/json", **query):
        """The object that the server answers with; ApiError where it refuses."""
        status, text = self.raw(method, path, body, kind, **query)
        try:
            told = json.loads(text)
        except ValueError:
            told = {"message": text.decode("utf-8", "replace")[:500]}
        if not 200 <= status < 300:
            raise ApiError(status, told.get("reason", "Unknown"), told.get("message", ""))
        return told

    def get(self, path, **query):
        """Read an object or a list."""
        return self.request("GET", path, **query)

    def create(self, path, body):
        """Create an object in a collection."""
        return self.request("POST", path, body)

    def replace(self, path, body):
        """Replace an object as a whole."""
        return self.request("PUT", path, body)

    def patch(self, path, body):
        """Change the named fields of an object (JSON merge patch)."""
        return self.request("PATCH", path, body, MERGE)

    def apply(self, path, body):
        """Create an object or bring it to this form (server-side apply)."""
        return self.request("PATCH", path, body, APPLY, fieldManager="logtriage-test", force="true")

    def delete(self, path):
        """Delete an object."""
        return self.request("DELETE", path)

    def healthy(self, path="/readyz"):
        """Whether the server answers a probe with 200; False where there is none."""
        try:
            return self.raw("GET", path)[0] == 200
        except OSError:
            return False
        except http.client.HTTPException:
            return False
