"""Invoices and credit notes as people read them: HTML and PDF."""
