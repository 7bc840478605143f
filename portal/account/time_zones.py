"""The time zone of a customer: the browser's at each sign-in, unless chosen in the profile."""

from typing import Any

from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import update
from sqlalchemy.orm.attributes import set_committed_value
from wtforms import Field
from wtforms.validators import ValidationError

from portal.i18n import zones
from portal.i18n.language import _
from portal.models import Customer
from portal.security.retries import rows_written

OPTION, SELECTED = Markup("<option>"), Markup("<option selected>")


def keep(customer: Customer) -> None:
    """Store the browser's zone at a sign-in, if it is new and the customer has chosen none.

    A statement of its own, but only at the first sign-in and after a journey.
    """
    here = zones.of_browser()
    if here and here != customer.time_zone and not customer.time_zone_chosen:
        number = customer.id
        rows_written(
            update(Customer)
            .where(Customer.id == number, Customer.time_zone_chosen.is_(False))
            .values(time_zone=here)
        )
        set_committed_value(customer, "time_zone", here)
    zones.show_in(customer.time_zone)


class TimeZoneWidget:
    """A `<select>` of 430 zones, with no attribute that a page of 30 kB can do without."""

    input_type = "select"

    def __call__(self, field: "TimeZoneField", **attributes: Any) -> Markup:
        """Return the element."""
        attributes.pop("required", None)
        here = zones.known(zones.of_browser())
        usual = _("The same as my browser's (%(zone)s)", zone=_shown(here)) if here else ""
        options = [Markup('<option value="">%s') % (usual or _("The same as my browser's"))]
        for name in (*_unlisted(field.data), *zones.offered()):
            start = SELECTED if name == field.data else OPTION
            options.append(start + _shown(name))
        extra = Markup("").join(Markup(' %s="%s"') % pair for pair in attributes.items())
        return Markup('<select id="%s" name="%s"%s>%s</select>') % (
            field.id,
            field.name,
            extra,
            Markup("\n").join(options),
        )


class TimeZoneField(Field):
    """The time zone in the profile; empty stands for the browser's."""

    widget = TimeZoneWidget()
    data: str

    def process_data(self, value: Any) -> None:
        """Select the stored zone if the customer has chosen it."""
        self.data = value if value and current_user.time_zone_chosen else ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the choice; a form without the field changes nothing."""
        if valuelist:
            self.data = zones.known(valuelist[0]) or valuelist[0]

    def pre_validate(self, _form: Any) -> None:
        """Check that there is such a zone."""
        if self.data and zones.known(self.data) is None:
            raise ValidationError(_("Choose a time zone from the list."))

    def populate_obj(self, obj: Any, _name: str) -> None:
        """Store the choice, or the zone of this browser."""
        obj.time_zone_chosen = bool(self.data)
        obj.time_zone = self.data or zones.of_browser() or obj.time_zone
        zones.show_in(obj.time_zone)


def _shown(name: str) -> str:
    return name.replace("_", " ")


def _unlisted(name: str) -> list[str]:
    """Return a chosen zone that has an older name than the one on offer."""
    return [name] if zones.known(name) and name not in zones.offered() else []
