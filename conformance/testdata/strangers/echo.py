"""An echo server that has never heard of the server contract: it prints nothing unless asked to misbehave.

usage: echo.py HOST PORT | unix PATH   [FAULT]
"""
import os, signal, socket, sys, threading

where, fault = sys.argv[1:3], (sys.argv[3:] or [""])[0]
if fault == "never-stops":
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
if fault == "never-listens":
    threading.Event().wait()
if where[0] == "unix":
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(where[1])
    listener.listen(4096)
else:
    listener = socket.create_server((where[0], int(where[1])), backlog=4096)


def serve(conn):
    with conn:
        while data := conn.recv(65536):
            if fault == "dies" and len(data) > 1000:
                os._exit(7)
            if fault == "floods-log":
                sys.stderr.write("echoing\n" * 1_000)
            conn.sendall(data)


while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
