"""OpenTelemetry's own protocol: logs, spans and metrics, as protobuf or JSON, over HTTP or in files."""
