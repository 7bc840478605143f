"""The looks of the pages: who renders them, with which classes and blocks, under which policy."""
