"""The documents that the benches of the SOP API post: visits to a puskesmas of 500 patients."""

PATIENTS = 500


def visit(number):
    """Give a visit to the general unit."""
    return {
        "faskes": "pkm",
        "noReg": f"RG-20240402-{number}",
        "pasien": f"p{number % PATIENTS}",
        "kelas": "AMB",
        "unit": "umum-dewasa",
        "klaster": "klaster-3",
        "mulai": "2024-04-02T07:45:00+07:00",
        "status": "tiba",
        "caraBayar": "umum",
    }


ENTRIES = [
    {"resourceType": "Organization", "id": "pkm", "name": "Puskesmas Contoh"},
    *(
        {"resourceType": "Patient", "id": f"p{n}", "birthDate": "1980-01-01"}
        for n in range(PATIENTS)
    ),
]
PEOPLE = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {"resource": e, "request": {"method": "PUT", "url": f"{e['resourceType']}/{e['id']}"}}
        for e in ENTRIES
    ],
}
