"""Drives a real MCP server with a real client through `atalanta tap`; prints how many tools and calls there were.

    mcp_drive.py MODE CLIENTS_FOLDER RECORD_FILE

MODE is stdio-npm, stdio-python, http-python, http-npm, or serve PORT (the Python server that the others use).
The binary is the one that the variable ATALANTA names.
"""

import asyncio
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile

from mcp import Client, StdioServerParameters
from mcp.server import MCPServer

server = MCPServer("weather", instructions="Weather demo")


@server.tool()
def forecast(city: str) -> str:
    """The forecast of a city."""
    return f"{city}: sunny"


@server.tool()
def fail() -> str:
    """Always fails."""
    raise ValueError("no forecast")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def listening(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise SystemExit(f"nobody listens on port {port}")


async def use(target, calls):
    """Lists the tools and makes the calls; the number of tools."""
    async with Client(target) as client:
        tools = await client.list_tools()
        for name, arguments in calls:
            await client.call_tool(name, arguments)
        return len(tools.tools)


async def over_http(command, port, path, calls, record):
    """Starts the server and a tap in front of it."""
    behind = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PORT": str(port)})
    front = free_port()
    tap = [os.environ["ATALANTA"], "tap", "--listen", f"127.0.0.1:{front}", "--upstream", f"http://127.0.0.1:{port}", "--out", record]
    await listening(port)
    tapped = subprocess.Popen(tap, stderr=subprocess.DEVNULL)
    try:
        await listening(front)
        return await use(f"http://127.0.0.1:{front}{path}", calls)
    finally:
        tapped.send_signal(signal.SIGTERM)
        tapped.wait(20)
        behind.kill()


async def main(mode, root, record):
    tap = ["tap", "--out", record, "--"]
    node = [str(root / "node_modules/.bin")]
    everything = [("echo", {"message": "hello"}), ("get-sum", {"a": 2, "b": 3})]
    weather = [("forecast", {"city": "Oslo"}), ("fail", {})]
    own = [sys.executable, __file__, "serve"]
    if mode == "stdio-npm":
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "a.txt").write_text("hello\n")
            calls = [("list_directory", {"path": folder}), ("read_text_file", {"path": f"{folder}/a.txt"})]
            wrapped = [*tap, f"{node[0]}/mcp-server-filesystem", folder]
            tools = await use(StdioServerParameters(command=os.environ["ATALANTA"], args=wrapped), calls)
    elif mode == "stdio-python":
        calls = weather
        tools = await use(StdioServerParameters(command=os.environ["ATALANTA"], args=[*tap, *own, "stdio"]), calls)
    elif mode == "http-python":
        calls, port = weather, free_port()
        tools = await over_http([*own, str(port)], port, "/mcp", calls, record)
    else:
        calls, port = everything, free_port()
        command = [f"{node[0]}/mcp-server-everything", "streamableHttp"]
        tools = await over_http(command, port, "/mcp", calls, record)
    print(json.dumps({"tools": tools, "calls": len(calls)}))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        if sys.argv[2] == "stdio":
            server.run("stdio")
        else:
            server.run("streamable-http", port=int(sys.argv[2]))
    else:
        asyncio.run(main(sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), sys.argv[3]))
