"""What every page keeps, for who works without a mouse or without sight; each finds what breaks it."""

# Every reference to another element leads somewhere, and every control says what it is.
DANGLING = """() => [...document.querySelectorAll("[aria-describedby], [aria-labelledby], [aria-controls], label[for]")]
  .flatMap((one) => ["aria-describedby", "aria-labelledby", "aria-controls", "for"]
    .flatMap((name) => (one.getAttribute(name) ?? "").split(/\\s+/).filter(Boolean)
      .filter((id) => !document.getElementById(id)).map((id) => `${one.tagName} ${name}=${id}`)))"""
NAMELESS = """() => [...document.querySelectorAll("main :is(input:not([type=hidden], [type=submit]), select, textarea)")]
  .filter((one) => !one.labels?.length && !one.getAttribute("aria-label") && !one.getAttribute("aria-labelledby"))
  .map((one) => one.outerHTML.slice(0, 120))"""
# The parts of the page one can jump to by ear: two of one kind never have one name.
LANDMARKS = """() => [
    ...document.querySelectorAll("nav, [role=search], :is([role=region], section):is([aria-label], [aria-labelledby])"),
  ]
  .filter((one) => one.checkVisibility())
  .map((one) => [one.getAttribute("role") ?? one.localName,
    one.getAttribute("aria-label") ?? document.getElementById(one.getAttribute("aria-labelledby"))?.textContent].join(" "))"""
# What has the focus lies below a bar that stays in its place.
COVERED = """() => {
  const bars = ".topbar, .submit-row, .sections__side";
  const one = document.activeElement, box = one.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return Boolean(top?.closest(bars)) && !top.contains(one) && !one.closest(bars);
}"""
