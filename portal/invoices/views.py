"""The list of invoices, the page of one, and the downloads."""

from flask import Blueprint, Response, abort, current_app, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import select

from portal.clock import today
from portal.extensions import db, twofactor
from portal.invoices import payment, selection
from portal.invoices.sentences import bank_details, open_sum, settled
from portal.models import Invoice
from portal.rules.issuer import issuer_of

blueprint = Blueprint("invoices", __name__, url_prefix="/invoices")


@blueprint.get("/")
@login_required
@twofactor.required("invoices")
def index() -> ResponseReturnValue:
    """List the invoices of the customer that the query selects, newest first."""
    invoices = current_user.invoices
    wanted = selection.of(request.args)
    chosen = selection.chosen(invoices, wanted, today())
    amount, sentence = open_sum(invoices, today())
    unpaid = [each for each in invoices if each.paid_on is None]
    return render_template(
        "invoices/index.html",
        page=selection.page_of(chosen, request.args),
        chosen=chosen,
        wanted=wanted,
        years=selection.years(invoices),
        is_filtered=len(chosen) < len(invoices),
        has_any=bool(invoices),
        unpaid=unpaid,
        amount=amount,
        sentence=sentence,
        most=selection.MOST,
    )


@blueprint.get("/<path:number>")  # "2026/17" is a number, too
@login_required
@twofactor.required("invoices")
def show(number: str) -> ResponseReturnValue:
    """Show what an invoice is for, and how to pay it; 404 for another customer's invoice."""
    invoice, issuer = _found(number), issuer_of(current_app.config)
    return render_template(
        "invoices/show.html",
        invoice=invoice,
        settled=settled(invoice),
        details=bank_details(invoice, issuer),
        code=payment.code_of(invoice, issuer),
    )


@blueprint.get("/<path:number>.pdf")
@login_required
@twofactor.required("invoices")
def download(number: str) -> ResponseReturnValue:
    """Download an invoice as a PDF file; 404 for another customer's invoice."""
    from portal.invoices.document import invoice_pdf  # imports the PDF library, so only when needed

    invoice = _found(number)
    response = Response(
        invoice_pdf(invoice, issuer_of(current_app.config)), mimetype="application/pdf"
    )
    response.headers.set(
        "Content-Disposition", "attachment", filename=f"{selection.file_name(invoice.number)}.pdf"
    )
    return response


@blueprint.get("/all.zip")
@login_required
@twofactor.required("invoices")
def download_all() -> ResponseReturnValue:
    """Download the newest invoices that the query selects, as a ZIP file of PDF files."""
    from portal.invoices.archive import archive  # imports the PDF library, so only when needed

    wanted = selection.of(request.args)
    chosen = selection.chosen(current_user.invoices, wanted, today())[: selection.MOST]
    if not chosen:
        abort(404)
    name = "-".join(filter(None, ["invoices", str(wanted.year or ""), wanted.state]))
    file = archive(chosen, issuer_of(current_app.config))
    return send_file(file, "application/zip", as_attachment=True, download_name=f"{name}.zip")


def _found(number: str) -> Invoice:
    if "\0" in number:
        abort(404)
    found = select(Invoice).where(Invoice.number == number, Invoice.customer_id == current_user.id)
    return db.session.scalar(found) or abort(404)
