"""Sentences and facts about invoices, on pages and in the PDF."""

from datetime import date

from portal.i18n.formats import day, money
from portal.i18n.language import _
from portal.models import Invoice
from portal.rules.issuer import Issuer


def settled(invoice: Invoice) -> str:
    """Return the amount due and by when, or that the invoice is paid; true on any day."""
    if invoice.paid_on:
        return _("Paid on %(date)s. Thank you.", date=day(invoice.paid_on))
    return _(
        "Amount due: %(amount)s by %(date)s",
        amount=money(invoice.gross),
        date=day(invoice.due_on),
    )


def open_sum(invoices: list[Invoice], today: date) -> tuple[str, str]:
    """Return the amount of the unpaid invoices, and a sentence about them."""
    unpaid = [each for each in invoices if each.paid_on is None]
    amount = money(sum(each.gross for each in unpaid))
    if not unpaid:
        return amount, _("You're all paid up. Thank you.")
    late = [each for each in unpaid if each.due_on < today]
    due = day(min(each.due_on for each in unpaid))
    if len(unpaid) == 1:
        if late:
            return amount, _("It was due by %(date)s.", date=due)
        return amount, _("Please pay by %(date)s.", date=due)
    if late:
        return amount, _(
            "%(count)d to pay, %(late)d of them overdue", count=len(unpaid), late=len(late)
        )
    return amount, _("%(count)d to pay, the first by %(date)s", count=len(unpaid), date=due)


def bank_details(invoice: Invoice, issuer: Issuer) -> list[tuple[str, str]]:
    """Return the labels and values of where to pay; none if paid or without a bank account."""
    if invoice.paid_on or not issuer.iban:
        return []
    details = [
        (_("Account holder"), issuer.holder),
        (_("IBAN"), issuer.iban_in_groups),
        (_("BIC"), issuer.bic),
        (_("Reference"), invoice.number),
    ]
    return [(label, value) for label, value in details if value]
