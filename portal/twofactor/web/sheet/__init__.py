"""The recovery sheet: its words, and the PDF file of it."""
