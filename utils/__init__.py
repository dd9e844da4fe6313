"""What both services share: the contract between them, problems, web manners, image decoding."""
