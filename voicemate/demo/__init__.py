"""What people run to see the program work on their machine, and to measure it."""
