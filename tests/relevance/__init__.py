"""How well the search ranks: judged questions to measure by (`make relevance`), and our own golden set, tested."""
