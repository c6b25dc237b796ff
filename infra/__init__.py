"""How it runs: the handlers, wired for AWS Lambda and for one machine."""
