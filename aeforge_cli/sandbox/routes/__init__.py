"""What is answered where: the API, the list of jobs, the pages."""
