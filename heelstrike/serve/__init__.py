"""The service of a clinic: one process with an API and pages. docs/serve.md describes it.

`app.py` puts the parts together. `evaluations.py` and `jobs.py` keep what clinicians upload and what is measured on it
in a folder, `models.py` follows the registry, `worker.py` is the process that measures, `accounts.py` knows the users,
and each file in `routes/` answers a group of requests.

`reviews.py` reads comparisons of versions from the registry, `notes.py` keeps what reviewers write on them, and
`approvals.py` says what a checkout adds so that they can decide (docs/reviewing.md).

The pages of docs/clinic.md are made of `templates/` and `static/clinic/`. A job writes what they load: `columns.py` a
result in a form that loads fast, `viewing.py` copies of images and videos that browsers show. `report/` makes a PDF.
"""
