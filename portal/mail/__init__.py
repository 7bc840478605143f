"""Mails of the portal: outbox, transport, notices."""
