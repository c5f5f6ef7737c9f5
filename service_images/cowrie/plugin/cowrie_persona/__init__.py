"""What machine cowrie pretends to be: everything that its defaults would give away, made of options and identity.

Pure but for `clothing`, which puts it on cowrie.
"""
