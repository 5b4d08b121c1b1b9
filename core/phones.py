"""Mobile numbers as people and tills write them, brought to one form."""

from __future__ import annotations

import phonenumbers

from core.errors import Invalid

REGION = "CN"
_MOBILE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}


class NotAPhone(Invalid):
    """The text is not a mobile number."""

    code = "not_a_phone"
    message = "This is not a mobile number."


def normalize_phone(text: str) -> str:
    """E.164 (`+8613800138000`) of a mobile number written in any usual way: +86, 0086, spaces, full-width digits.

    Raises NotAPhone for landlines and everything else. The error never repeats the text.
    """
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        raise NotAPhone from None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _MOBILE:
        raise NotAPhone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
