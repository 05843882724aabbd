"""Reports of studies: learning curves, tables and figures computed from stored results; nothing is trained.

`document.report_of(study)` builds a `Report` of records and sentences; `markdown`, `page` (HTML) and
`document.as_json` write it. A report holds no clock, host or path: the same study gives the same bytes.
"""
