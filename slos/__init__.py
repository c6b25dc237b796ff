"""The service level objectives that come with regionscope: OpenSLO v1 files."""
