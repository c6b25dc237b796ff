"""CloudWatch metrics: which there are, pulled on a schedule or pushed by a metric stream, as rows."""
