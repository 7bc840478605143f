# Its names are read with getattr, since versions differ.
