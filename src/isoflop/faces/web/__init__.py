"""The local web app: a server that answers to this machine alone, and only to who holds its token."""
