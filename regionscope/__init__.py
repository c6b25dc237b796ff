"""The front door: one configuration file and one command line."""
