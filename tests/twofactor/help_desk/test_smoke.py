def test_unlock(bob, host, clock, protected):
    front = bob.front()
    assert front.status_code == 200, front.text
    page = bob.page(protected)
    assert page.status_code == 200, page.text
    sent = bob.send("unlock", protected)
    assert "Unlock codes for alice" in sent.text
    done = bob.answer(sent, "unlock")
    assert done.status_code == 303, done.text
    print(bob.client.get(done.location).text)
    done = bob.do("reset", protected)
    assert done.status_code == 303
    assert not protected.is_on()
