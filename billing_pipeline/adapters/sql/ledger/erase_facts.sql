-- Takes the person out of what Stripe told about a customer; ids, states and amounts stay.
-- in: customer text    out: nothing
update inbox set payload = (payload - array['email', 'name', 'phone', 'address', 'shipping', 'description', 'receipt_email',
    'billing_details', 'card', 'customer_email', 'customer_name', 'customer_address', 'customer_phone', 'customer_shipping'])
    #- '{latest_charge,billing_details}' #- '{latest_charge,payment_method_details}' #- '{latest_charge,receipt_email}'
    #- '{last_payment_error,payment_method}'
where object_id = :customer or payload ->> 'customer' = :customer
