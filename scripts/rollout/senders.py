"""Senders that keep their connections, try a request again once, and count every record."""

import http.client
import json
import threading

RECORDS = 20
ANSWER_SECONDS = 15


class Sender(threading.Thread):
    """Posts without a pause until it is told to end."""

    def __init__(self, number, address):
        super().__init__(daemon=True)
        self.number, self.address = number, address
        self.over = threading.Event()
        self.sent = self.judged = self.again = 0
        self.first, self.lost = [], []
        self.connection = None

    def run(self):
        """Until told to end."""
        while not self.over.is_set():
            ids = [f"{self.number}-{self.sent + place}" for place in range(RECORDS)]
            self.sent += RECORDS
            failure = self.attempt(ids)
            if failure:
                self.first.append(failure)
                self.again += 1
                failure = self.attempt(ids)
            if failure:
                self.lost.append(failure)
        if self.connection:
            self.connection.close()

    def attempt(self, ids):
        """Why not every record was judged; None where each was."""
        records = [{"id": one, "message": f"session {one} opened for user root"} for one in ids]
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, timeout=ANSWER_SECONDS)
            self.connection.request(
                "POST", "/v1/classify", json.dumps(records), {"Content-Type": "application/json"}
            )
            answer = self.connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.drop()
            return f"{type(error).__name__}: {error}"
        if answer.will_close:
            self.drop()
        if answer.status != 200:
            return f"status {answer.status}"
        found = [one["id"] for one in json.loads(body)["results"] if "category" in one]
        if found != ids:
            return f"expected {len(ids)} verdicts in order, found {len(found)}"
        self.judged += len(found)
        return None

    def drop(self):
        """The next attempt opens a new connection."""
        if self.connection:
            self.connection.close()
        self.connection = None


class Senders:
    """Several of them. A context manager; left, all have ended."""

    def __init__(self, address, count):
        self.all = [Sender(number, address) for number in range(count)]

    def __enter__(self):
        for one in self.all:
            one.start()
        return self

    def __exit__(self, *_):
        for one in self.all:
            one.over.set()
        for one in self.all:
            one.join()

    def total(self, name):
        """A count or a list over all senders."""
        values = [getattr(one, name) for one in self.all]
        return sum(values[1:], values[0])
