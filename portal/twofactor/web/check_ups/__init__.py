"""Check-ups: is the recovery code still at hand, and do codes that were never used work?"""
