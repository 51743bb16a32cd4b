"""Word processors, presentations and spreadsheets: Open XML, OpenDocument and RTF."""
