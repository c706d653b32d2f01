"""The control socket: how a running daemon is told what to do, and tells what happens."""
