"""What a request may know wherever it is: its deadline, facts for the log, what lives as long as the loop, retries."""
