"""What finance systems call the columns of our ledgers, in English, German, French, Danish and Spanish, likeliest first.

Belongs here: words alone. A heading is compared without regard to case, accents and punctuation (:func:`folded`).
"""

import re
import unicodedata

from orchestration.connectors.ledgers.foreign import AMOUNT, CONTRA, SIDE

HEADINGS: dict[str, dict[str, str]] = {
    "general_ledger": {
        "legal_entity_id": "legal entity|entity|company code|company|subsidiary|organisation|organization|tenant|mandant|"
        "buchungskreis|gesellschaft|societe|selskab|sociedad",
        "journal_entry_id": "journal number|journal no|journal id|journal entry|entry number|entry no|transaction id|"
        "transaction number|transaction no|voucher number|voucher no|voucher|document number|document no|entry|journal|"
        "belegnummer|beleg nr|belegnr|belegfeld 1|buchungsnummer|journalnummer|beleg|ecriturenum|numero de piece|"
        "n piece|piece|pieceref|bilagsnummer|bilagsnr|bilag|asiento|numero de asiento|id",
        "journal_line_number": "line number|line no|line|zeile|positionsnummer|position|numero de ligne|ligne|"
        "linjenummer|linje|linea",
        "posting_date": "posting date|gl date|journal date|transaction date|date posted|buchungsdatum|buchungstag|belegdatum|"
        "datum|date comptable|ecrituredate|date d ecriture|bogforingsdato|posteringsdato|dato|fecha contable|fecha|date",
        "account_number": "account code|account number|account no|gl account|nominal code|account id|kontonummer|konto nr|"
        "sachkonto|konto|comptenum|numero de compte|compte|kontonr|codigo de cuenta|cuenta|code|account",
        "account_name": "account name|account description|kontobezeichnung|kontoname|comptelib|libelle du compte|"
        "intitule du compte|intitule|kontonavn|nombre de cuenta|account|bezeichnung",
        "account_class": "account class|account type|account category|kontoart|kontenart|kontoklasse|type de compte|"
        "classe de compte|kontotype|tipo de cuenta|class",
        "debit_amount": "debit amount|debit|dr|sollbetrag|betrag soll|umsatz soll|soll|montant debit|debet|debe",
        "credit_amount": "credit amount|credit|cr|habenbetrag|betrag haben|umsatz haben|haben|montant credit|kredit|haber",
        "currency": "currency code|currency|wkz umsatz|wkz|wahrung|devise|idevise|monnaie|valuta|moneda",
        "department_id": "department|cost center|cost centre|kostenstelle|kost1 kostenstelle|kost1|centre de cout|"
        "afdeling|omkostningssted|departamento|centro de coste",
        "product_id": "product|product line|produkt|produit|producto",
        "customer_id": "customer id|customer|kunde|client|cliente",
        "counterparty_name": "counterparty|contact name|contact|vendor name|vendor|supplier name|supplier|payee|lieferant|"
        "geschaftspartner|kreditor|fournisseur|compauxlib|tiers|leverandor|proveedor|name",
        "description": "description|memo|narration|buchungstext|verwendungszweck|ecriturelib|libelle|tekst|beskrivelse|"
        "descripcion|text|details|reference",
        "fiscal_period": "fiscal period|buchungsperiode|periode fiscale",
        "posting_status": "posting status",
        AMOUNT: "net amount|amount|net|umsatz ohne soll haben kz|umsatz|betrag|montant|belob|importe",
        SIDE: "debit credit indicator|debit credit|dr cr|d c|soll haben kennzeichen|soll haben|s h|sens|debet kredit",
        CONTRA: "contra account|offset account|balancing account|gegenkonto ohne bu schlussel|gegenkonto|"
        "compte de contrepartie|contrepartie|modkonto|contrapartida",
    },
    "revenue": {
        "revenue_date": "revenue date|invoice date|recognition date|rechnungsdatum|leistungsdatum|datum|date de facture|"
        "fakturadato|dato|fecha|date",
        "recognition_end_date": "recognition end date|service end date|leistung bis|fin de periode",
        "product_id": "product id|product|item|sku|produkt|artikel|produit|article|vare|producto",
        "customer_id": "customer id|customer|client|kunde|cliente|contact",
        "amount": "recognised revenue|recognized revenue|revenue|net amount|net|amount|nettobetrag|erlos|umsatz|betrag|"
        "montant ht|montant|belob|importe",
        "currency": "currency code|currency|wahrung|devise|monnaie|valuta|moneda",
        "invoice_id": "invoice number|invoice no|invoice id|rechnungsnummer|numero de facture|fakturanummer",
    },
    "budgets": {
        "department_id": "department|cost center|cost centre|kostenstelle|abteilung|centre de cout|afdeling|departamento",
        "fiscal_period": "fiscal period|period|month|periode|monat|mois|maned|periodo|mes",
        "budget_class": "budget class|class|budgetart",
        "amount": "budget|planned amount|plan|amount|betrag|montant|belob|importe",
        "currency": "currency code|currency|wahrung|devise|valuta|moneda",
    },
    "headcount": {
        "month_end": "month end|month|date|stichtag|monatsende|fin de mois|dato",
        "department_id": "department|cost center|abteilung|kostenstelle|departement|afdeling|departamento",
        "headcount": "headcount|employees|fte|mitarbeiter|kopfe|effectif|medarbejdere|empleados",
    },
    "exchange_rates": {
        "rate_date": "rate date|date|datum|dato|fecha",
        "from_currency": "from currency|from|base currency|base|von",
        "to_currency": "to currency|to|quote currency|quote|nach",
        "rate": "exchange rate|rate|kurs|wechselkurs|taux|cours|tipo de cambio",
    },
    "business_metrics": {
        "metric_date": "metric date|date|datum|dato|fecha",
        "metric_id": "metric id|metric|kennzahl|indicateur|metrica",
        "value": "value|count|wert|anzahl|valeur|vaerdi|valor",
        "initiative_id": "initiative|initiative id",
        "product_id": "product|product id",
        "department_id": "department|department id",
    },
    "people": {
        "actor_id": "actor id|user id|employee id|user|login",
        "department_id": "department|cost center|abteilung|departement|afdeling",
        "function": "function|role|job function|funktion|fonction",
        "email": "email|e mail|email address|mail",
    },
    "labor_rates": {
        "labor_rate_id": "labor rate id|labour rate|rate id|role",
        "valid_from": "valid from|from|gultig ab",
        "hourly_rate": "hourly rate|stundensatz|taux horaire|timepris",
        "currency": "currency|wahrung|devise|valuta",
    },
}

ACCOUNT_CLASSES: dict[str, str] = {
    "asset": "asset|assets|bank|current asset|fixed asset|non current asset|inventory|prepayment|accounts receivable|"
    "receivable|other current asset|other asset|aktiv|aktiva|actif|aktiver|activo",
    "liability": "liability|liabilities|current liability|non current liability|accounts payable|payable|credit card|"
    "other current liability|long term liability|passiv|passiva|fremdkapital|passif|passiver|pasivo",
    "equity": "equity|eigenkapital|capitaux propres|egenkapital|patrimonio",
    "revenue": "revenue|income|sales|other income|ertrag|ertrage|erlose|produit|produits|indtaegt|ingreso|ingresos",
    "expense": "expense|expenses|direct costs|cost of goods sold|cost of sales|overhead|overheads|depreciation|other expense|"
    "aufwand|aufwendungen|kosten|charge|charges|omkostning|udgift|gasto|gastos",
}
"""Our class to the words that systems use for it."""

SIDES = {
    "debit": ("s", "d", "dr", "debit", "soll", "debet"),
    "credit": ("h", "c", "k", "cr", "credit", "haben", "kredit"),
}
"""What tells a debit from a credit."""

NAMES_OF_CLASSES: dict[str, str] = {
    "revenue": "revenue|sales|subscription income|erlos|umsatzerlos|ventes|omsaetning|ingresos",
    "asset": "bank|cash|kasse|receivable|forderung|operating account|prepaid|vorsteuer|clients|tilgodehavende|debitor",
    "liability": "payable|accrued|verbindlichkeit|umsatzsteuer|kreditor|fournisseurs|skyldig|deferred|vat",
    "equity": "equity|share capital|retained earnings|kapital|capital|egenkapital",
    "expense": "cost|expense|hosting|software|payroll|salar|wages|rent|subscription|aufwand|kosten|gehalt|gehalter|lohn|"
    "miete|bezogene leistung|charge|frais|achats|omkostning|udgift|tools|gasto",
}
"""Parts of an account's name that tell its class, where the file has no column for it."""

CASH = "bank|cash|kasse|operating account|banque"
COST_OF_SALES = "cost of|direct|wareneinsatz|material|bezogene|achats|vareforbrug"
AI = "openai|anthropic|claude|openrouter|mistral|bedrock|vertex ai|gemini|llm|token"
AI_WORDS = re.compile(r"\b(ai|ki|ia)\b")


def folded(heading: str) -> str:
    """A heading in lower case without accents, its words separated by one blank."""
    plain = unicodedata.normalize("NFKD", heading.casefold().replace("ø", "o").replace("æ", "ae").replace("ß", "ss"))
    return " ".join(re.findall(r"[a-z0-9]+", "".join(one for one in plain if not unicodedata.combining(one))))


def named(text: str, words: str) -> bool:
    """Whether ``text`` contains one of ``words``."""
    plain = f" {folded(text)}"
    return any(f" {word}" in plain for word in words.split("|"))


def is_of_ai(text: str) -> bool:
    """Whether an account's name, a counterparty or a description speaks of models."""
    return named(text, AI) or AI_WORDS.search(folded(text)) is not None
