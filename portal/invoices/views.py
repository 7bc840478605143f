"""The list of invoices and the downloads."""

from flask import Blueprint, Response, abort, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import select

from portal.extensions import db, twofactor
from portal.models import Invoice

blueprint = Blueprint("invoices", __name__, url_prefix="/invoices")


@blueprint.get("/")
@login_required
@twofactor.required("invoices")
def index() -> ResponseReturnValue:
    """List all invoices of the customer, newest first."""
    return render_template("invoices/index.html", invoices=current_user.invoices)


@blueprint.get("/<number>.pdf")
@login_required
@twofactor.required("invoices")
def download(number: str) -> ResponseReturnValue:
    """Download an invoice as a PDF file; 404 for another customer's invoice."""
    from portal.invoices.document import invoice_pdf  # imports the PDF library, so only when needed

    if "\0" in number:
        abort(404)
    found = select(Invoice).where(Invoice.number == number, Invoice.customer_id == current_user.id)
    invoice = db.session.scalar(found) or abort(404)
    response = Response(
        invoice_pdf(invoice, current_app.config["SITE_NAME"]), mimetype="application/pdf"
    )
    response.headers.set("Content-Disposition", "attachment", filename=f"{invoice.number}.pdf")
    return response
