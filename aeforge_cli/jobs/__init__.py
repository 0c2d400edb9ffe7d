"""The life of one job and of many: submit, poll, download; and the lists they come from."""
