"""Traces of AWS: X-Ray's documents, pulled or handed over, and the spans in CloudWatch's aws/spans."""
