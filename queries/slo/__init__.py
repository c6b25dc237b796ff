"""Service level objectives: OpenSLO files, exact error budgets, and the answers slo and slo_minutes."""
