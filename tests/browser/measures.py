"""Scripts that run in the page and return its faults, for the message of a failing test."""

_SEEN = """
  // For screen readers alone, or not before it has the focus.
  const unseen = (node) => node && (getComputedStyle(node).clipPath !== 'none'
    || node.classList.contains('skip-link') || unseen(node.parentElement));
  const seen = (node) => node.checkVisibility({visibilityProperty: true}) && !unseen(node);
  const top = document.querySelector('dialog:modal') || document.body;
  const say = (node) => `${node.tagName} ${node.className} ${node.textContent.trim().slice(0, 40)}`;
"""

# The levels of the headings, in the order of the page.
HEADINGS = (
    "() => {"
    + _SEEN
    + """
  return [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter(seen)
    .map((node) => Number(node.tagName[1]));
}"""
)

# Controls smaller than 24 by 24 pixels, except links within a sentence (WCAG 2.5.8).
SMALL = (
    "() => {"
    + _SEEN
    + """
  const amid = (node) => node.tagName === 'A' && [...node.parentElement.childNodes].some(
    (other) => other.nodeType === 3 && other.textContent.trim());
  return [...document.querySelectorAll('a, button, summary, input:not([type=hidden]), textarea')]
    .filter((node) => seen(node) && !amid(node))
    .map((node) => [say(node), node.getBoundingClientRect()])
    .filter(([, box]) => box.width < 24 || box.height < 24)
    .map(([text, box]) => `${text}: ${box.width} x ${box.height}`);
}"""
)

# Boxes that cut off a part of their content.
CUT = (
    "() => {"
    + _SEEN
    + """
  return [...top.querySelectorAll('*')].filter((node) => seen(node)
      && getComputedStyle(node).overflowX !== 'visible' && !node.matches('input, svg, svg *'))
    .filter((node) => node.scrollWidth > node.clientWidth + 1
      || (getComputedStyle(node).overflowY === 'hidden'
          && node.scrollHeight > node.clientHeight + 1))
    .map(say);
}"""
)

# Pairs of texts, or of a text and a control, that overlap.
OVERLAPPING = (
    "() => {"
    + _SEEN
    + """
  const boxes = [];
  const walker = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (!text.textContent.trim() || !seen(text.parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const box of range.getClientRects()) boxes.push([text.parentElement, box]);
  }
  for (const node of top.querySelectorAll('input:not([type=hidden]), svg')) {
    // The eye of a password field is in the field, which keeps its letters off it.
    if (seen(node) && !node.closest('.reveal')) boxes.push([node, node.getBoundingClientRect()]);
  }
  const found = [];
  boxes.forEach(([one, a], index) => {
    for (const [other, b] of boxes.slice(index + 1)) {
      if (one === other || one.contains(other) || other.contains(one)) continue;
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // Lines may touch: their boxes are higher than their letters.
      const line = Math.min(a.height, b.height) / 3;
      if (width > 2 && height > line) found.push(`${say(one)} / ${say(other)}`);
    }
  });
  return found;
}"""
)

# Elements that move or fade.
MOVING = """() => [...document.querySelectorAll('*')].flatMap((node) =>
  [null, '::before', '::after'].map((part) => getComputedStyle(node, part))
    .filter((style) => style.animationName !== 'none'
      || style.transitionDuration.split(',').some((time) => parseFloat(time) > 0.001))
    .map(() => node.tagName))"""

# Controls without a border, except checkboxes and radio buttons, which the browser draws.
UNBORDERED = (
    "() => {"
    + _SEEN
    + """
  return [...top.querySelectorAll('button, .button, input, textarea')]
    .filter((node) => seen(node) && !['checkbox', 'radio', 'hidden'].includes(node.type))
    .filter((node) => {
      const style = getComputedStyle(node);
      return style.borderTopStyle === 'none' || parseFloat(style.borderTopWidth) < 1;
    })
    .map(say);
}"""
)
