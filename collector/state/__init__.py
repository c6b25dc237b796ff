"""State that AWS tells only when asked: looked at each minute, every change of it a row of `events`."""
