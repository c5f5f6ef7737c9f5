"""Builds container images from staged contexts whose content decides whether there is anything to do."""
