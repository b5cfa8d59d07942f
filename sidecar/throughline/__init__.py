"""Throughline: keeps an hours-long coding session coherent and cheap."""

__version__ = "0.1.0"
