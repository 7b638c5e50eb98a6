"""Delivery reports as mail servers write them, by hand."""

from billing_pipeline.adapters.mail import as_email
from billing_pipeline.domain.ids import AccountId, InvoiceId
from billing_pipeline.flows.ports.dunning import Letter, Message
from tests.fakes import START

WHOLE = """\
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
To: billing@seller.example
Subject: Undelivered Mail Returned to Sender
Date: {date}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.org.
I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: 4F2D81234
Arrival-Date: Mon,  2 Mar 2026 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; ann@example.org
Original-Recipient: rfc822;ann@example.org
Action: {action}
{status}
Diagnostic-Code: {words}

--B
Content-Type: {returned}

{original}
--B--
"""


def our_mail(message: str) -> str:
    """The mail as it left: headers and text."""
    letter = Letter("Your payment", "Please pay.", "<p>Please pay.</p>")
    row = Message(message, AccountId("acme"), (InvoiceId("inv-1"),), "reminder", "en", "ann@example.org", letter, START)
    return as_email(row, "Seller <billing@seller.example>").as_string().replace("\r\n", "\n")


# long because every part of a report can be another
def report(
    message: str, *, action: str = "failed", status: str = "5.1.1", date: str = "Mon, 02 Mar 2026 10:00:05 +0000",
    words: str = "smtp; 550 5.1.1 <ann@example.org>:\n    Recipient address rejected: User unknown", headers_only: bool = False,
) -> str:  # fmt: skip
    """The report of one message. status: empty leaves the line out. headers_only: our mail comes back without its text."""
    mail = our_mail(message)
    original, returned = (mail, "message/rfc822")
    if headers_only:
        original, returned = mail.partition("\n\n")[0] + "\n", "text/rfc822-headers"
    line = f"Status: {status}" if status else "X-No-Status: yes"
    return WHOLE.format(action=action, status=line, words=words, date=date, original=original, returned=returned)


HOLIDAY = """\
From: ann@example.org
To: billing@seller.example
Subject: Out of office
Content-Type: text/plain

I am away until Monday.
"""
