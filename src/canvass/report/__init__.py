"""The report of a study: from what was stored to curves, tables, figures and one file; nothing is trained.

`document.report_of(study)` makes the `Report`, plain records of figures and sentences; `markdown`, `page` (HTML) and
`document.as_json` write it. No clock, host or place of the study goes into it: same study, same bytes.
"""
