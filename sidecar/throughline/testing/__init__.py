"""What ships for tests: a Messages API server and scripted models."""
