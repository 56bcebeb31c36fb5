import json
import os
import socket
import sys
import threading

import debugpy


def work(number):
    doubled = number * 2
    tripled = number * 3
    return doubled + tripled


class Client(threading.Thread):
    """Speaks as much of the debugger's protocol as it takes to stop at a line, and to go on."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.pydev_do_not_trace = self.is_pydev_daemon_thread = True
        self.file = socket.create_connection(("127.0.0.1", port)).makefile("rwb")
        self.count = 0
        self.found = []

    def ask(self, command, **arguments):
        self.count += 1
        request = {"seq": self.count, "type": "request", "command": command, "arguments": arguments}
        data = json.dumps(request).encode()
        self.file.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.file.flush()

    def wait(self, name):
        while True:
            length = int(self.file.readline().partition(b":")[2])
            self.file.readline()
            message = json.loads(self.file.read(length))
            if name in (message.get("event"), message.get("command")):
                return message.get("body") or {}

    def run(self):
        self.ask("initialize", adapterID="x", pathFormat="path")
        self.ask("attach", justMyCode=False, subProcess=False)
        self.wait("initialized")
        line = work.__code__.co_firstlineno + 2
        self.ask("setBreakpoints", source={"path": os.path.abspath(__file__)}, breakpoints=[{"line": line}])
        self.wait("setBreakpoints")
        self.ask("configurationDone")
        thread = self.wait("stopped")["threadId"]
        self.ask("stackTrace", threadId=thread)
        frame = self.wait("stackTrace")["stackFrames"][0]
        self.ask("evaluate", expression="doubled", frameId=frame["id"])
        self.found += [frame["name"], frame["line"] - line, self.wait("evaluate")["result"]]
        self.ask("continue", threadId=thread)
        self.wait("continue")


_, port = debugpy.listen(("127.0.0.1", 0))
client = Client(port)
client.start()
debugpy.wait_for_client()
print(work(4), debugpy.is_client_connected())
client.join(10)
print(client.found, flush=True)
os._exit(3)
