"""Captioners at endpoints that speak OpenAI's or Ollama's protocol: requests, answers, faults."""
