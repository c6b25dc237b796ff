"""Failovers, outages and drills: found from several kinds of evidence, and measured with error bounds."""
