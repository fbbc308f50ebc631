"""Maintainer tools: they write committed data, the shipped package never imports them."""
