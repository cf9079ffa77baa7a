"""What Mailgun does: functions over a transaction that check everything, then change, and return records.

`account` is the subaccount acted for, or None for the parent account. What the documents say happens after the
response is a `Job`, done by `jobs.run_due` once it is due.
"""
