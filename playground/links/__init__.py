"""Links that hold what was asked and, in short, what was answered; nothing of it is kept on a server."""
